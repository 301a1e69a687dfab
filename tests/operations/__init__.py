"""What an operator does, with a real server process and without one."""
