// Package store keeps the sessions of "aiolos --session NAME" on disk: cookies, and
// headers for the origins that they were given for.
//
// Each session is one file that only its owner can read, replaced in one step.
// Of two programs that change a session at the same time the last one wins.
package store
