"""The leaderboard: its rows, table and page."""
