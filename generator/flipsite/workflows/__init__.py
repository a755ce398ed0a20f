"""The use cases behind the commands, which connect the stages."""
