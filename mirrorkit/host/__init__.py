"""This machine: its addresses and who reaches them, its ports, its firewall, its sleep."""
