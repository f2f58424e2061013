/* For the sanitizer build only: memory lives as long as the process, so there is nothing for the leak checker. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=1:handle_segv=1";
}
