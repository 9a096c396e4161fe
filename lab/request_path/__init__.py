"""The path of a request through the cluster's own objects, from the Ingress controller to a pod.

Each module checks one kind of hop. trace.py walks the hops of one request, and routes.py lists Kubeflow's requests.
"""
