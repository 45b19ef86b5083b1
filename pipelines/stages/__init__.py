"""One thin module per DVC stage: run() is pure, main() reads and writes."""
