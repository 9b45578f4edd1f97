"""Which images a class's own files name: readers of text (pure), and the walk that feeds them."""
