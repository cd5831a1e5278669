"""The posterior without sampling."""
