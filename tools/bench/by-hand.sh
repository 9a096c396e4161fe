#!/usr/bin/env bash
# The tutorial by hand: its commands in its order, with `kubectl wait` where the tutorial lets the user check repeatedly.
#
# Environment variables: K3S_IMAGE, REGISTRIES, METALLB_CHARTS, INGRESS_CHARTS, MANIFESTS and BRANCH are the source;
# PASSWORD is the new password. The current directory must be empty.
set -euo pipefail

section() { echo "by hand, $SECONDS s: $1"; }
apply() { kubectl apply --filename=-; }
# wait_for_address ARGUMENTS: waits for the reserved address of an object. `kubectl wait` of this version fails
# immediately while the field does not exist.
wait_for_address() {
  until kubectl get "$@" --output=jsonpath='{.status.loadBalancer.ingress[0].ip}' | grep --quiet '^172.20.0.13$'; do
    sleep 1
  done
}

section "network and cluster"
docker network create --driver=bridge --subnet=172.20.0.0/24 --gateway=172.20.0.1 lab-network
docker network inspect lab-network
k3d cluster create --api-port 6443 \
  --port 8080:80@loadbalancer --port 8443:443@loadbalancer \
  --k3s-arg --disable=traefik@server:0 --k3s-arg --disable=servicelb@server:0 \
  --network lab-network --image "$K3S_IMAGE" --registry-config "$REGISTRIES"

section "MetalLB"
helm repo add metallb "$METALLB_CHARTS"
helm repo update
helm upgrade --install --create-namespace --namespace metallb-system metallb metallb/metallb
# The pool is accepted only while the webhook of MetalLB runs.
kubectl wait --namespace metallb-system --for=condition=Ready pods --all --timeout=180s
apply <<YAML
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: ip-pool, namespace: metallb-system}
spec: {addresses: [172.20.0.10-172.20.0.15]}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: l2advertise, namespace: metallb-system}
spec: {ipAddressPools: [ip-pool]}
YAML

section "Ingress controller and test site"
helm repo add ingress-nginx "$INGRESS_CHARTS"
helm repo update
cat > ingress-nginx-values.yaml <<YAML
controller:
  service:
    annotations: {metallb.universe.tf/address-pool: ip-pool}
    loadBalancerIP: "172.20.0.13"
  ingressClassResource: {default: true}
YAML
helm upgrade --install --create-namespace --namespace kube-system \
  ingress-nginx ingress-nginx/ingress-nginx --values ingress-nginx-values.yaml
wait_for_address --namespace kube-system service/ingress-nginx-controller
kubectl wait --namespace kube-system --for=condition=Ready pods --timeout=120s \
  --selector=app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller
kubectl create deployment nginx --image=nginx
kubectl create service clusterip nginx --tcp=80:80
apply <<YAML
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ingress-nginx-svc}
spec:
  rules:
  - host: nginx.example.it
    http: {paths: [{pathType: Prefix, path: /, backend: {service: {name: nginx, port: {number: 80}}}}]}
YAML
wait_for_address ingress/ingress-nginx-svc
kubectl wait --for=condition=Available deployment/nginx --timeout=120s
curl --silent --show-error --fail --retry 60 --retry-delay 1 --retry-all-errors --output site.html \
  --resolve nginx.example.it:80:172.20.0.13 http://nginx.example.it
grep --quiet 'Welcome to nginx!' site.html

section "Kubeflow"
git clone --quiet "$MANIFESTS" manifests
git -C manifests checkout --quiet "$BRANCH"
cd manifests
while ! kustomize build example | awk '!/well-defined/' | kubectl apply --filename=- > ../apply.log; do
  echo "Retrying to apply resources"
  sleep 10
done
kubectl get service/authservice --namespace istio-system
apply <<YAML
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: authservice-web, namespace: istio-system}
spec:
  gateways: [kubeflow/kubeflow-gateway]
  hosts: ['*']
  http:
  - match: [{uri: {prefix: /authservice/}}]
    rewrite: {uri: /}
    route: [{destination: {host: authservice.istio-system.svc.cluster.local, port: {number: 8080}}}]
YAML
kubectl get configmap/oidc-authservice-parameters --namespace istio-system --output=yaml

section "all pods"
for namespace in cert-manager istio-system auth knative-eventing knative-serving kubeflow kubeflow-user-example-com; do
  until kubectl get pods --namespace "$namespace" --output=name | grep --quiet .; do sleep 1; done
  kubectl wait --namespace "$namespace" --for=condition=Ready pods --all --timeout=600s > wait.log
done

section "both entry points"
kubectl port-forward --address 127.0.0.1 service/istio-ingressgateway --namespace istio-system 7080:80 > ../forward.log &
forward=$!
trap 'kill $forward' EXIT
# disable_secure_cookies DIRECTORY PARAMETER DEPLOYMENT: lets users create resources in a web app over plain HTTP.
disable_secure_cookies() {
  sed --in-place "s/^$2=true$/$2=false/" "apps/$1/upstream/base/params.env"
  grep --quiet "^$2=false$" "apps/$1/upstream/base/params.env"
  kustomize build "apps/$1/upstream/overlays/istio" | kubectl apply --filename=- > ../web-apps.log
  deployments+=("deployment/$3")
}
disable_secure_cookies jupyter/jupyter-web-app JWA_APP_SECURE_COOKIES jupyter-web-app-deployment
disable_secure_cookies tensorboard/tensorboards-web-app TWA_APP_SECURE_COOKIES tensorboards-web-app-deployment
disable_secure_cookies volumes-web-app VWA_APP_SECURE_COOKIES volumes-web-app-deployment
for deployment in "${deployments[@]}"; do
  kubectl rollout status --namespace kubeflow "$deployment" --timeout=120s
done
apply <<YAML
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: svc-istio-ingressgateway, namespace: istio-system}
spec:
  rules:
  - host: kubeflow.example.it
    http: {paths: [{pathType: Prefix, path: /, backend: {service: {name: istio-ingressgateway, port: {number: 80}}}}]}
YAML

# log_in ENTRY_POINT PASSWORD TEXT: submits Dex's login form, and checks that the final page contains the text.
log_in() {
  rm --force jar
  local browser=(curl --silent --show-error --location --cookie jar --cookie-jar jar --header 'Accept: text/html'
    --resolve kubeflow.example.it:80:172.20.0.13)
  local form
  form=$("${browser[@]}" --fail --retry 60 --retry-delay 1 --retry-all-errors --output login.html \
    --write-out '%{url_effective}' "$1")
  "${browser[@]}" --data-urlencode login=user@example.com --data-urlencode "password=$2" --output page.html "$form"
  grep --quiet "$3" page.html || { echo "no \"$3\" at $1:"; cat page.html; exit 1; }
}
for entry_point in http://localhost:7080 http://kubeflow.example.it; do
  log_in "$entry_point" 12341234 '<title>Kubeflow Central Dashboard</title>'
done

section "password"
hash=$(python3 -c 'import sys; from passlib.hash import bcrypt
print(bcrypt.using(rounds=12, ident="2y").hash(sys.argv[1]))' "$PASSWORD")
sed --in-place "s|^\( *hash:\) .*|\1 $hash|" common/dex/base/config-map.yaml
kustomize build common/dex/overlays/istio | kubectl apply --filename=- > ../dex.log
kubectl rollout restart --namespace auth deployment/dex
kubectl rollout status --namespace auth deployment/dex --timeout=120s
log_in http://kubeflow.example.it "$PASSWORD" '<title>Kubeflow Central Dashboard</title>'
log_in http://localhost:7080 12341234 'Invalid Email Address and password'
section "done"
