"""What infer functions written for Knight import, answered by squire."""
