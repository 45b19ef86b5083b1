"""Initial and terminal contacts: what every site returns, and which detector serves it."""

from loadcore.contact_times import Contacts

__all__ = ["Contacts"]
