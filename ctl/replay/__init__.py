"""What another policy would have done with requests that were seen before."""
