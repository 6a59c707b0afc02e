"""Contour: the objects that have its Envoys ask Kysira, by ext_authz."""
