"""The augmentation ablation of ch. 10.4: what each augmentation adds, ours beside the book's."""
