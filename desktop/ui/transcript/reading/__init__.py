"""What a reader does with the conversation: find, mark and copy, go from place to place, by mouse and by keyboard."""
