// Package catalog joins the controls of all families. The command line, the infrastructure and the tests use it; a function imports the
// families that it serves instead.
package catalog

//go:generate go run ./generate
//go:generate go run ./generate/catalogmd
