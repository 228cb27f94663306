"""What the adapters to other HTTP libraries are made of; each is named after its host."""
