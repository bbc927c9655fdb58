"""A model file becomes a version in two functions: a broker with the rights, and a worker that opens the file.

The broker (:mod:`lightship.handlers.compile`) sends the worker a :class:`job.Job`. The worker (:mod:`.worker`) uploads
one object into quarantine, an archive (:mod:`.parcel`) of its answer (:mod:`.answer`) and of the bundle. The broker
treats that object as hostile: it checks sizes, names, types and digests, and parses no bytes of a model.
"""
