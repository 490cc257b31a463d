package otelaiolos

// ErrorType is the value of error.type for a failure.
func ErrorType(err error) string { return errorType(err) }

// ErrorClass is the class of that name, or nil.
func ErrorClass(name string) error {
	for _, c := range errorClasses {
		if c.name == name {
			return c.class
		}
	}
	return nil
}
