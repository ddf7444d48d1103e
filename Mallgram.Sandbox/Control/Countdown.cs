namespace Mallgram.Sandbox.Control;

/// <summary>"For the next N calls": each call takes one until none is left.</summary>
internal sealed class Countdown
{
    private int _left;

    public int Left => Math.Max(0, Volatile.Read(ref _left));

    public void Set(int count) => Volatile.Write(ref _left, count);

    public bool Take()
    {
        // The plain read first: this sits in the path of every call and is nearly always zero.
        return Volatile.Read(ref _left) > 0 && Interlocked.Decrement(ref _left) >= 0;
    }
}
