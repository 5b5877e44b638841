"""What the commands call: the parts put together, and the views of the journal. Import the module that is needed."""
