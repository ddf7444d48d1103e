using System.Text;

namespace Mallgram.AppHost.Run;

/// <summary>Standard output or error that may go away: a closed terminal must not keep a run from stopping in order.</summary>
internal sealed class Terminal(TextWriter inner) : TextWriter
{
    private bool closed;

    public override Encoding Encoding => inner.Encoding;

    public static void Tolerate()
    {
        Console.SetOut(new Terminal(Console.Out));
        Console.SetError(new Terminal(Console.Error));
    }

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    private void Try(Action write)
    {
        if (closed)
        {
            return;
        }
        try
        {
            write();
        }
        catch (IOException)
        {
            closed = true;
        }
    }
}
