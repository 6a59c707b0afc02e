"""The front-ends that speak HTTP themselves: the standalone proxy and nginx's adapter."""
