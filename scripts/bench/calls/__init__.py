"""What one log call costs the thread that trains, tracker by tracker."""
