"""The web application in Chromium: weight, time to interactive, predictions."""
