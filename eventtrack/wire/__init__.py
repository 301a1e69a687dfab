"""What client and server say to each other natively; both sides import it, and it imports little."""
