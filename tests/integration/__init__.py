"""What only holds with a real disk, real processes and real tools."""
