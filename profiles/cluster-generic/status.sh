#!/bin/sh
# What became of a Slurm job: running, success or failed. squeue knows finished jobs for MinJobAge.
state=$(squeue --noheader --states=all --format=%T --jobs="$1" 2>/dev/null) || state=UNKNOWN
case $state in
  COMPLETED) echo success ;;
  # UNKNOWN: the controller did not answer; ask again
  PENDING | CONFIGURING | RUNNING | SUSPENDED | COMPLETING | REQUEUED | UNKNOWN) echo running ;;
  *) echo failed ;;
esac
