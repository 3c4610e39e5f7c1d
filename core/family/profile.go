package family

import "lab/core/profile"

// profiled calls the recipe, under a profile if the run shall have one: whatever the
// recipe compiles and steps is in the table that the run then leaves behind, also when
// it failed or was stopped. The recipe's result is the same; a profile that cannot be
// had is a warning.
func (s *Session) profiled(train func(*Session) error) error {
	if !s.spec.Profile {
		return s.call(train)
	}
	on, err := profile.Start()
	if err != nil {
		s.Warnf("no profile: %v", err)
		return s.call(train)
	}
	err = s.call(train)
	if e := s.Table(profile.Artifact, 0, profile.Header, on.Stop().Records()); e != nil {
		s.Warnf("no profile: %v", e)
	}
	return err
}
