// Package profile says where the time of a run goes: [Start], train, [Profile.Stop]
// gives a [Report] of every op that a program ran, the optimisers, the compiling, and
// what was left outside of them.
//
// A profile is a switch of the process, and the author of a recipe writes nothing for
// it. A recipe compiles programs where it likes, and so do the packages it uses; it
// hands none of them to the SDK, which knows no programs: a third-party plugin links
// no kernel. So both meet in this package, which knows neither: while a profile is on,
// vm and optim tell it what they do; family (lab run --profile) and bench turn it on
// and keep what comes of it. A program that is compiled while none is on runs as if
// there were no profiles.
//
// Times are of the wall clock, and reading it adds some 50 ns to each op. Programs
// that run at the same time count each for itself.
//
// It imports the standard library only. Start with profile.go, then report.go; csv.go
// is the form in which a report is kept.
package profile
