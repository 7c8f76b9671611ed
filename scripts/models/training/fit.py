"""Training: the same steps on the same samples each time."""

import torch


def varied(pictures):
    """Pictures [count, channels, height, width] a few pixels aside, in other colours and with noise, so that a net cannot learn them by heart."""
    count, channels = pictures.shape[:2]
    aside = [int(by) for by in torch.randint(-3, 4, (2,))]
    signs = torch.randint(0, 2, (count, 1, 1, 1)) * 2 - 1
    gains, offsets = 0.6 + 0.8 * torch.rand(count, channels, 1, 1), 0.3 * torch.randn(count, channels, 1, 1)
    return pictures.roll(aside, (2, 3)) * signs * gains + offsets + 0.1 * torch.randn_like(pictures)


def fit(model, inputs, targets, loss, steps, batch, rate, vary):
    """AdamW with one cycle of the rate (Smith and Topin 2018); the samples come in a new order in each round."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.2)
    order = torch.randperm(len(inputs))
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(inputs))
        chosen, order = order[:batch], order[batch:]
        optimizer.zero_grad()
        lost = loss(model(vary(inputs[chosen])), targets[chosen])
        lost.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        schedule.step()
        if step % max(1, steps // 5) == 0 or step == steps - 1:
            print(f"  step {step}: loss {lost.item():.3f}", flush=True)
    return model.eval()
