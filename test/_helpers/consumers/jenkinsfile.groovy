// Runs a Jenkinsfile as far as that goes without Jenkins: closures are entered, sh starts a shell, everything else is printed.
class Step {
	def methodMissing(String name, args) {
		def last = args ? args[-1] : null
		if (name == 'sh') {
			def process = ['sh', '-c', args[0]].execute(null as String[], null)
			process.waitForProcessOutput(System.out, System.err)
			if (process.exitValue() != 0) System.exit(process.exitValue())
		} else if (last instanceof Closure) {
			last.delegate = new Step()
			last.resolveStrategy = Closure.DELEGATE_FIRST
			last.call()
		} else {
			println "${name} ${args.join(' ')}"
		}
		return "${name}(${args})"
	}
	void propertyMissing(String name, value) { println "${name} = ${value}" }
}
def script = new GroovyShell(this.class.classLoader, new Binding()).parse(new File(args[0]))
script.metaClass.methodMissing = { String name, a -> new Step().methodMissing(name, a) }
script.run()
