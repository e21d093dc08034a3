using System.Text.Json;

namespace Signalbox.Harness;

/// <summary>
/// The cases of a program: <c>list</c> prints their names as a JSON array; with other arguments they run one after the other, and each
/// prints a JSON line with its name and its error, null when it passed.
/// </summary>
public sealed class Cases
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);
    private readonly List<(string Name, Func<Environment, Task> Run)> cases = [];

    public void Add(string name, Func<Environment, Task> run) => cases.Add((name, run));

    public async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["list"])
        {
            Console.WriteLine(JsonSerializer.Serialize(cases.Select(entry => entry.Name)));
            return 0;
        }

        var environment = new Environment(arguments[0], new Uri(arguments[1]));
        foreach (var (name, run) in cases)
        {
            string? error = null;
            try
            {
                await run(environment).WaitAsync(TimeLimit);
            }
            catch (Exception exception)
            {
                error = exception.ToString();
            }

            Console.WriteLine(JsonSerializer.Serialize(new { name, error }));
        }

        return 0;
    }
}

public sealed class ExpectationFailed(string message) : Exception(message);

public static class Expect
{
    public static void Equal<T>(T expected, T actual)
    {
        var (wanted, got) = (JsonSerializer.Serialize(expected), JsonSerializer.Serialize(actual));
        if (wanted != got)
        {
            throw new ExpectationFailed($"expected {wanted}, got {got}");
        }
    }

    public static void Contains(string part, string? text)
    {
        if (text?.Contains(part) != true)
        {
            throw new ExpectationFailed($"expected a text with {part}, got {text ?? "none"}");
        }
    }

    public static async Task<T> ThrowsAsync<T>(Func<Task> action)
        where T : Exception
    {
        try
        {
            await action();
        }
        catch (T exception)
        {
            return exception;
        }

        throw new ExpectationFailed($"expected {typeof(T).Name}, nothing was thrown");
    }

    /// <summary>Waits until the condition holds; the time limit of the case ends the wait.</summary>
    public static async Task Eventually(Func<Task<bool>> condition, string what)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            if (tries == 600)
            {
                throw new ExpectationFailed($"never came true: {what}");
            }

            await Task.Delay(50);
        }
    }
}
