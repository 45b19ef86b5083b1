"""The science: frames, arrays and settings in, values out; nothing here touches a disk."""
