"""Many runs under one protocol: from a file to a plan, from a plan to finished run folders."""
