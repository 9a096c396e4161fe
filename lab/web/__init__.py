"""HTTP clients and browsers that resolve only the lab's own host names."""
