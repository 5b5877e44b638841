"""The program that sees content become complete, decides where it belongs, and takes each job through to seeding."""

__version__ = "0.1.0"
