"""What each command does, in order: the use cases that connect the stages."""
