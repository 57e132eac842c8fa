"""How the admin and forms write moments: 24 hours, with the zone they are in."""
