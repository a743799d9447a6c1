"""Many runs under one protocol: from a file to a plan, from a plan to finished run folders.

``plan``     which runs there are, which are done, what is left
``execute``  trains the supernets of a plan, then does its runs
``finals``   trains from scratch what the runs recommend
"""
