// Package fleet shares what a client keeps among all processes that use it: limits, cached
// responses, cookies and tokens, in a Redis or Valkey that is there already. It is a module
// of its own, so that the library depends on nothing of it.
//
//	f, err := fleet.New(fleet.Config{Redis: rdb})
//	defer f.Close()
//
// A [Fleet] is one view of what is under [Config].Prefix. Everything that is made from it is
// a part for the places where the library takes such parts: middlewares, a store for its
// cache, a jar, a source of tokens.
//
// Redis is asked with a bound on the time of each call. When it does not answer, or answers
// that it cannot, [Config].Unavailable says what happens; see docs/fleet.md for what each
// part promises, and what not.
package fleet
