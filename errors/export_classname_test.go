package errors

// NamedClass is a class with the name that Class tells.
type NamedClass struct {
	Class error
	Name  string
}

// Classes are all that have a name.
func Classes() []NamedClass {
	all := make([]NamedClass, 0, len(classNames))
	for _, c := range classNames {
		all = append(all, NamedClass{c.class, c.name})
	}
	return all
}
