"""The lab that needs no internet: a kit built from package registries, and a private Docker Engine to run it in."""
