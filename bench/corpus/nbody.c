/*
 * nbody STEPS: moves the Sun and the four large planets by STEPS steps of 0.01 days (the Benchmarks Game's program).
 * Stresses 64-bit floats with divisions and square roots, in short loops over structures.
 */
#include <math.h>
#include <stdio.h>
#include "guest.h"

#define PI 3.141592653589793
#define SOLAR_MASS (4 * PI * PI)
#define DAYS 365.24 /* in a year, the unit of time of the velocities */

enum { BODIES = 5 };

struct body {
	double x, y, z;
	double vx, vy, vz;
	double mass;
};

static struct body bodies[BODIES] = {
	{0, 0, 0, 0, 0, 0, SOLAR_MASS},
	{
		4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
		1.66007664274403694e-03 * DAYS, 7.69901118419740425e-03 * DAYS, -6.90460016972063023e-05 * DAYS,
		9.54791938424326609e-04 * SOLAR_MASS,
	},
	{
		8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
		-2.76742510726411610e-03 * DAYS, 4.99852801234917238e-03 * DAYS, 2.30417297573763929e-05 * DAYS,
		2.85885980666130812e-04 * SOLAR_MASS,
	},
	{
		1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
		2.96460137564761618e-03 * DAYS, 2.37847173959480950e-03 * DAYS, -2.96589568540237556e-05 * DAYS,
		4.36624404335156298e-05 * SOLAR_MASS,
	},
	{
		1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
		2.68067772490389322e-03 * DAYS, 1.62824170038242295e-03 * DAYS, -9.51592254519715870e-05 * DAYS,
		5.15138902046611451e-05 * SOLAR_MASS,
	},
};

static double energy(void)
{
	double e = 0;

	for (int i = 0; i < BODIES; i++) {
		const struct body *p = &bodies[i];

		e += 0.5 * p->mass * (p->vx * p->vx + p->vy * p->vy + p->vz * p->vz);
		for (int j = i + 1; j < BODIES; j++) {
			const struct body *q = &bodies[j];
			double dx = p->x - q->x;
			double dy = p->y - q->y;
			double dz = p->z - q->z;

			e -= p->mass * q->mass / sqrt(dx * dx + dy * dy + dz * dz);
		}
	}
	return e;
}

/* advance takes the number of bodies as an argument so that its loops are not unrolled away. */
__attribute__((noinline)) static void advance(int count, double dt)
{
	for (int i = 0; i < count; i++) {
		struct body *p = &bodies[i];

		for (int j = i + 1; j < count; j++) {
			struct body *q = &bodies[j];
			double dx = p->x - q->x;
			double dy = p->y - q->y;
			double dz = p->z - q->z;
			double square = dx * dx + dy * dy + dz * dz;
			double magnitude = dt / (square * sqrt(square));

			p->vx -= dx * q->mass * magnitude;
			p->vy -= dy * q->mass * magnitude;
			p->vz -= dz * q->mass * magnitude;
			q->vx += dx * p->mass * magnitude;
			q->vy += dy * p->mass * magnitude;
			q->vz += dz * p->mass * magnitude;
		}
	}
	for (int i = 0; i < count; i++) {
		bodies[i].x += dt * bodies[i].vx;
		bodies[i].y += dt * bodies[i].vy;
		bodies[i].z += dt * bodies[i].vz;
	}
}

/* balance gives the Sun the velocity that makes the momentum of the system zero. */
static void balance(void)
{
	double px = 0;
	double py = 0;
	double pz = 0;

	for (int i = 0; i < BODIES; i++) {
		px += bodies[i].vx * bodies[i].mass;
		py += bodies[i].vy * bodies[i].mass;
		pz += bodies[i].vz * bodies[i].mass;
	}
	bodies[0].vx = -px / SOLAR_MASS;
	bodies[0].vy = -py / SOLAR_MASS;
	bodies[0].vz = -pz / SOLAR_MASS;
}

int main(int argc, char **argv)
{
	int steps = argument(argc, argv, 1, 1000000);

	balance();
	printf("%.9f\n", energy());
	for (int i = 0; i < steps; i++)
		advance(BODIES, 0.01);
	printf("%.9f\n", energy());
	return 0;
}
