import {EngineError} from '../../engine/engine.ts';
import {Failure} from '../../failure.ts';
import {safeText} from '../../text/safe.ts';
import type {Problem} from './facts.ts';

/** An error in words: what is wrong and what to do about it. */
export function problemOf(error: unknown, engineAddress: string): Problem {
	if (error instanceof Failure) {
		return {message: error.message, fix: error.fix};
	}

	if (error instanceof EngineError) {
		return engineProblem(error, engineAddress);
	}

	return {
		message: safeText(error instanceof Error ? error.message : String(error)) || 'It failed without a reason.',
		fix: 'This looks like a defect of gpubox: GPUBOX_DEBUG=1 shows where',
	};
}

function engineProblem(error: EngineError, address: string): Problem {
	switch (error.code) {
		case 'unreachable': {
			return {
				message: `No Docker Engine answers at ${address}.`,
				fix: 'Start it: sudo systemctl start docker. If it is elsewhere: docker context use NAME, or DOCKER_HOST',
			};
		}

		case 'no-permission': {
			return {
				message: `You may not talk to the Docker Engine at ${address}.`,
				fix: 'sudo usermod -aG docker $USER, then log in again',
			};
		}

		case 'no-gpu': {
			return {
				message: `The engine cannot give GPUs to containers: ${error.message}`,
				fix: 'Install the NVIDIA Container Toolkit, then: sudo nvidia-ctk runtime configure && sudo systemctl restart docker',
			};
		}

		case 'disk-full': {
			return {message: `The engine's disk is full: ${error.message}`, fix: 'See what takes the room: docker system df'};
		}

		default: {
			return {message: error.message, fix: ''};
		}
	}
}
