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
	embed embedded_oci, OCI_FILE
	embed embedded_engine, ENGINE_FILE
	embed embedded_build, BUILD_FILE
	.section .note.GNU-stack, "", %progbits
