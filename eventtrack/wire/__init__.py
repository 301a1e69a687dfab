"""What client and server say to each other natively; it imports little."""
