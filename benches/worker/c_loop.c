/* The physical limit: what a step costs where nothing stands between the arithmetic and the processor.

   One hidden layer, sigmoid everywhere, binary cross-entropy clipped as in impls/task.py, plain gradient descent:
   the lesson's XOR network. The same numbers as the trainers, in float32, one update after the other. The sizes are
   given to the compiler (c_loop.py), as XLA is given the shapes. */

#include <math.h>

static const float FLOOR = 1e-8f; /* PROBABILITY_FLOOR */

typedef struct { /* the canonical order: w then b, layer by layer; w is (in, out) */
    float w1[IN][HIDDEN], b1[HIDDEN], w2[HIDDEN], b2;
} Params;

static float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }

/* One update on one batch; gives the batch's mean loss before it. */
static float step(Params *p, const float x[BATCH][IN], const float y[BATCH], float rate) {
    Params g = {0};
    float loss = 0;
    for (int n = 0; n < BATCH; n++) {
        float hidden[HIDDEN], z = p->b2;
        for (int j = 0; j < HIDDEN; j++) {
            float sum = p->b1[j];
            for (int i = 0; i < IN; i++) sum += x[n][i] * p->w1[i][j];
            hidden[j] = sigmoid(sum);
            z += hidden[j] * p->w2[j];
        }
        float out = sigmoid(z), rest = 1 - out;
        loss -= y[n] * logf(fmaxf(out, FLOOR)) + (1 - y[n]) * logf(fmaxf(rest, FLOOR));

        /* d loss / d out is 0 where a probability is clipped; times the sigmoid's slope */
        float by_out = (rest > FLOOR ? (1 - y[n]) / rest : 0) - (out > FLOOR ? y[n] / out : 0);
        float by_z = by_out * out * rest / BATCH;
        g.b2 += by_z;
        for (int j = 0; j < HIDDEN; j++) {
            float by_sum = by_z * p->w2[j] * hidden[j] * (1 - hidden[j]);
            g.w2[j] += by_z * hidden[j];
            g.b1[j] += by_sum;
            for (int i = 0; i < IN; i++) g.w1[i][j] += by_sum * x[n][i];
        }
    }
    float *value = (float *)p, *slope = (float *)&g;
    for (unsigned k = 0; k < sizeof(Params) / sizeof(float); k++) value[k] -= rate * slope[k];
    return loss / BATCH;
}

/* A whole training; batches are visited in turn, round and round, and every loss is kept. */
void train(Params *p, const float x[BATCHES][BATCH][IN], const float y[BATCHES][BATCH], float rate, int steps,
           float *losses) {
    for (int t = 0; t < steps; t++) losses[t] = step(p, x[t % BATCHES], y[t % BATCHES], rate);
}
