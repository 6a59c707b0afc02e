"""kysiractl bench: labelled rows, replayed through the engine or through anything with a URL.

``rows`` and ``corpora`` read what is known of requests, ``columns`` are who is asked about them,
``replay`` asks and counts, ``report`` tells.
"""
