package simulate

// Damage does to the files of a cache what the operation says.
func (op *Op) Damage(dir string) { op.damage(dir) }
