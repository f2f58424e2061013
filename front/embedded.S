/* The files of the build, as they are. */
	.section .rodata
	.macro embed name, file
	.balign 16
	.global \name
\name:
	.incbin "\file"
1:
	.balign 8
	.global \name\()_size
\name\()_size:
	.quad 1b - \name
	.endm

	embed embedded_launcher, LAUNCHER_FILE
	embed embedded_build, BUILD_FILE
#ifdef OCI_BYTECODE
	embed embedded_oci, OCI_BYTECODE
	embed embedded_engine, ENGINE_BYTECODE
#else
	/* Changed where they lie (heap.c), so each has pages of its own. */
	.macro heap name, file
	.section .\name, "aw", %progbits
	.balign 4096
	.global \name
\name:
	.incbin "\file"
	.endm

	heap heap_oci, OCI_HEAP
	heap heap_engine, ENGINE_HEAP
#endif
	.section .note.GNU-stack, "", %progbits
