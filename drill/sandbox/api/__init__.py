"""The handlers of the calls, one file for each kind of resource."""
