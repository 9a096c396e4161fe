// The requirements of each version are in VERSION.mod; without this file, go build would not accept them.
module github.com/cert-manager/cert-manager/lab

go 1.21
