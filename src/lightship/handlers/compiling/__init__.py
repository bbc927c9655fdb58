"""Compilation of model files: a broker with permissions and a worker without.

The broker (:mod:`lightship.handlers.compile`) sends the worker a :class:`job.Job`. The worker (:mod:`.worker`) opens
the file and uploads one object to ``quarantine/``: an archive (:mod:`.archive`) of its answer (:mod:`.answer`) and the
bundle. The broker treats that object as untrusted: it checks sizes, names, types and digests, and does not parse the
model.
"""
