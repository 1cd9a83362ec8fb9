"""What Agentarium is measured beside. Both speak as much of its API as the load asks for."""
