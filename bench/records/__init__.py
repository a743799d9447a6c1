"""What is written and read: settings, manifests, event logs, runs, folders. No torch, no work."""
